import type { Image } from '../model/schema.ts';
import { baseFiles, type FileEntry, type Policy, projectFiles } from './files.ts';
import { renderTemplate } from './template.ts';
import { baseView, projectView } from './view.ts';

/** One file of a tree that comes out. */
export interface RenderedFile {
  bytes: Buffer;
  executable: boolean;
  policy: Policy;
  /** What a person wrote there and this is made from; it may lose a comment, with what that explained. */
  edited?: { from: Buffer; losesComment: boolean };
}

/** A whole tree: files by path (`project/launch.sh`), and the folders that exist though nothing is in them. */
export interface Rendered {
  files: Map<string, RenderedFile>;
  dirs: string[];
}

/** The tree of a project. The same image gives the same bytes, everywhere and always. */
export function render(image: Image): Rendered {
  return { files: renderFiles(projectFiles(image), projectView(image)), dirs: ['data/data', 'data/configuration'] };
}

/** The tree of the base image's folder. */
export function renderBase(): Rendered {
  return { files: renderFiles(baseFiles, baseView()), dirs: [] };
}

function renderFiles(entries: readonly FileEntry[], view: Record<string, unknown>): Map<string, RenderedFile> {
  return new Map(
    entries.map(({ path, template, policy = 'shared' }) => {
      const text = renderTemplate(template, view);
      return [path, { bytes: bytesOf(template, text), executable: text.startsWith('#!'), policy }];
    }),
  );
}

/** What came out of each template last: over many projects most files are the same, and are hashed once. */
const latest = new Map<string, { text: string; bytes: Buffer }>();

function bytesOf(template: string, text: string): Buffer {
  const last = latest.get(template);
  if (last?.text === text) return last.bytes;
  const bytes = Buffer.from(text);
  latest.set(template, { text, bytes });
  return bytes;
}
