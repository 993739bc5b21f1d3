/** The inks to draw with. They are stored as pixels, so they are the same by day and by night. */
export interface Ink {
  readonly name: string;
  readonly colour: string;
}

export const INKS: readonly Ink[] = [
  { name: 'Clay', colour: '#99402c' },
  { name: 'Ochre', colour: '#cf9a45' },
  { name: 'Sand', colour: '#efd9a4' },
  { name: 'Moss', colour: '#5b7a3a' },
  { name: 'Lake', colour: '#0e6472' },
  { name: 'Ice', colour: '#9fe3df' },
  { name: 'Heather', colour: '#8a4fb0' },
  { name: 'Slate', colour: '#1b2427' },
];
