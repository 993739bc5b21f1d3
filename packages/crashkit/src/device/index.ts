/**
 * A simulated disk for any code on OPFS, by the web's own shapes: it loses power, fails and rots,
 * deterministically by seed.
 */
export { PROFILES, type Profile } from '@varve/files/simulated';
