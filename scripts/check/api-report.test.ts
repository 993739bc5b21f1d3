import { expect, test } from 'vitest';
import { statementsOf } from './api-report.mjs';

test('statements are told apart by the first column, and comments are left out', () => {
  const text = `/** A note. */
export interface Note {
    /** Its text. */
    readonly text: string;
}
// Two of them:
export declare function add(note: Note): void;
export declare function add(note: string): void;
export { type Note as Letter, add } from './other.js';
export {};
`;
  expect(statementsOf(text)).toEqual([
    'export interface Note {\n    readonly text: string;\n}',
    'export declare function add(note: Note): void;',
    'export declare function add(note: string): void;',
    "export { type Note as Letter, add } from './other.js';",
    'export {};',
  ]);
});
