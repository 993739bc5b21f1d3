import { serve } from './page.ts';
import { openVarve } from './varve-subject.ts';

serve(openVarve);
