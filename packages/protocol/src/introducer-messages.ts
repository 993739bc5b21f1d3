/**
 * What an engine and the introducer say to each other: names of links, and the ports that it brings
 * to the two who wait under one (docs/TABS.md).
 */
export type ToIntroducer =
  /** Whoever else waits there, or comes. */
  | { readonly meet: string; readonly leave?: undefined }
  | { readonly leave: string; readonly meet?: undefined };
