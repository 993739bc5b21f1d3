/** Imported before an engine: carries out what the worker's name orders. */
import { breakFiles } from '../broken/files.ts';
import { armKillPoint, ordersOf } from './kill-point.ts';

const { armed, broken } = ordersOf(self.name);
if (broken !== undefined) breakFiles(broken);
if (armed !== undefined) armKillPoint(armed);
