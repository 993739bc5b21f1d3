/**
 * Damage at rest: golden stores, every wound there is, and what each must lead to.
 *
 * Who owns what: `golden` the stores · `byte-uses` what each byte is for · `wounds` what is done to
 * them · `judge` what must come of it · `slice` a share of all of it.
 */
export { type Finding, FINDINGS } from './judge.ts';
export {
  DAMAGE_LIMITS,
  type DamageFound,
  DamageLane,
  type DamageTask,
  damageTasks,
} from './slice.ts';
