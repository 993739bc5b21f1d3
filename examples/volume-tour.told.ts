/** What the tour tells, wherever it runs. */
export const TOLD: readonly string[] = [
  'the snapshot has 2',
  '4096 bytes from 4096 on differ',
  '1048576 bytes from 2097152 on differ',
  'restored: 4',
  'sound',
  '512 MiB, 1 snapshot',
];
