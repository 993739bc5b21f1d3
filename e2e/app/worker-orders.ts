/** Imported before an engine: breaks what the worker's name says. */
import { breakFiles } from '../broken/files.ts';

breakFiles(self.name);
