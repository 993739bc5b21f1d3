/** What came back after a crash breaks a rule. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
