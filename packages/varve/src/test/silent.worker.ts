/** A worker that loads and never says a word. */
export {};
