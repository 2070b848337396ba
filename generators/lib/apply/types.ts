/** One thing that a transaction makes of a file. */
export type Write =
  | { kind: 'write'; path: string; bytes: Buffer; executable: boolean }
  | { kind: 'delete'; path: string };

/** What is to become of a folder. */
export interface Transaction {
  /** Relative paths with `/`; the last one is the commit point: once it is done, the tree is the new one. */
  writes: readonly Write[];
  /** Folders that exist even if empty. */
  dirs: readonly string[];
  /** What `stateOf` returned when this was planned; checked again before anything is replaced. */
  expected: ReadonlyMap<string, string | undefined>;
}
