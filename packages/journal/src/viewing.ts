/** What reads a store where no file can be opened. Apart, so that nothing that writes comes along. */
export { readUnitDescriptor } from './unit-descriptor.ts';
export { ViewedStore } from './viewed-store.ts';
