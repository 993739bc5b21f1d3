/** Folder in the origin's private file system; also the prefix of locks, channels and databases. */
export const ROOT_NAME = 'varve';
