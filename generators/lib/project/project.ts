import { problemsError } from '../answers/flags.ts';
import { YO_RC } from '../answers/yo-rc.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Manifest } from '../manifest/content.ts';
import { MANIFEST, readManifest } from '../manifest/manifest.ts';
import { complete, type Intent } from '../model/intent.ts';
import { type Rendered, render, renderBase } from '../render/render.ts';
import { isTracked } from '../system/git.ts';
import { pastOf } from './first-release/project.ts';
import { refuseRenamed } from './name.ts';
import { keepRuntime } from './own-runtime.ts';
import { fixOf, storedAnswers, withAnswers } from './stored.ts';

/** A folder that was generated: what is to be there now, and what was merged in last. */
export interface Project {
  root: string;
  kind: Manifest['kind'];
  theirs: Rendered;
  manifest: Manifest | undefined;
  /** Bases that are not in base/, by SHA-256: those of the release that kept none. */
  pastBases: ReadonlyMap<string, Buffer>;
  /** Files of the runtime that the owner changed, for which the project gets a runtime of its own now. */
  vendored?: readonly string[];
  /** Files of that release that hold an edit, or an answer that was changed since: it is not known which. */
  uncertain?: ReadonlySet<string>;
}

/**
 * Opens a folder that this generator wrote.
 * @throws UserError if it is not one, or cannot be read
 */
export function openProject(root: string): Project {
  const manifest = readManifest(root);
  if (manifest?.kind === 'base') return { root, kind: 'base', theirs: renderBase(), manifest, pastBases: new Map() };
  const stored = storedAnswers(root);
  const { intent } = stored;
  if (!intent)
    throw new UserError(
      `${root} is not a project of this generator: it has no ${YO_RC} with its answers; start one with makina-image new`,
    );
  const { image, problems } = complete(intent);
  if (!image) throw problemsError(problems ?? [], fixOf(stored));
  const past = withPast(root, intent, manifest);
  const kept = keepRuntime(root, intent, image, past.manifest);
  const theirs = withAnswers(render(kept.image), kept.intent, stored);
  const project = { ...past, theirs, vendored: kept.vendored };
  refuseRenamed(project, image.name, stored.file?.path);
  return project;
}

/**
 * The manifest of a project; for one that is older than manifests, what its files show.
 * @throws UserError (internal) if the manifest cannot be used, or git has one that is not on the disk
 */
export function withPast(
  root: string,
  intent: Intent | undefined,
  manifest = readManifest(root),
): Omit<Project, 'theirs'> {
  if (manifest || !intent) return { root, kind: 'project', manifest, pastBases: new Map() };
  if (isTracked(root, MANIFEST))
    throw new UserError(
      `${root} lacks .makina-image/, which git has; restore it with git checkout HEAD -- .makina-image, or in a sparse checkout with git sparse-checkout add .makina-image`,
      EXIT.internal,
    );
  const past = pastOf(root, intent, YO_RC);
  return { root, kind: 'project', manifest: past.manifest, pastBases: past.bases, uncertain: past.uncertain };
}
