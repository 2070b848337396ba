import type { Manifest } from '../manifest/content.ts';
import type { Rendered } from '../render/render.ts';
import type { ConflictHunk } from '../text/merge3.ts';

/** What is on disk at one path: a file, or something else in its place (a link, a folder ...). */
export type DiskEntry = DiskFile | { kind: 'other'; what: string };
export type DiskFile = { kind: 'file' } & Side;
/** What is at the paths of a folder; undefined where nothing is. */
export interface Disk {
  get(path: string): DiskEntry | undefined;
}

/** The content of a file. */
export interface Side {
  bytes: Buffer;
  executable: boolean;
}

/** What to do about a file that both the user and the templates changed in the same place. */
export const CONFLICT_MODES = ['abort', 'markers', 'sidecar', 'ours', 'theirs'] as const;
export type ConflictMode = (typeof CONFLICT_MODES)[number];

export type Action =
  | 'created'
  | 'updated'
  | 'merged'
  | 'removed'
  /** It was there, and is what the templates say. */
  | 'unchanged'
  | 'converged'
  /** The user's edit; the templates have nothing new. */
  | 'user-edit'
  | 'deleted-by-user'
  | 'conflict';

export type Reason =
  | 'content'
  /** The user changed what is elsewhere now. */
  | 'code-moved'
  | 'binary'
  | 'both-added'
  | 'template-deleted'
  | 'template-changed'
  | 'never-committed'
  | 'type-changed'
  | 'base-missing'
  | 'unresolved';

/** What is to become of one path. */
export interface PlannedFile {
  path: string;
  /** Where the templates moved it from. */
  from?: string;
  action: Action;
  reason?: Reason;
  /** How a conflict was resolved; without it the user has to do that. */
  resolved?: 'ours' | 'theirs';
  hunks?: ConflictHunk[];
  /** On disk before and after; the same object where nothing is written. */
  before: Side | undefined;
  after: Side | undefined;
}

export interface Plan {
  /** In the order of their paths. */
  files: PlannedFile[];
  /** Files to write beside those of `files`: what the user has to merge. */
  sidecars: Map<string, { before: Side | undefined; after: Side }>;
  manifest: Manifest;
  /** What the user wrote and is nowhere else after this. */
  backups: Buffer[];
}

export interface PlanInput {
  disk: Disk;
  manifest: Manifest | undefined;
  /** Bytes of what was last merged in at a path, by their SHA-256; undefined if they are lost. */
  baseBytes: (sha256: string, path: string) => Buffer | undefined;
  /** Whether a file is missing though no one deleted it: git left it out. */
  isLost: (path: string) => boolean;
  theirs: Rendered;
  mode: ConflictMode;
  kind: Manifest['kind'];
  /** The version of this generator. */
  generator: string;
  /** Files whose base may be an edit. */
  uncertain?: ReadonlySet<string>;
  /** Files that the templates moved. */
  renames: readonly { from: string; to: string }[];
  /** Files that the templates made short: their code, or their defaults, are elsewhere. */
  shortened?: ReadonlyMap<string, { what: 'code' | 'settings'; states?: () => string }>;
}

export const sidecarOf = (path: string) => `${path}.makina-image-new`;
