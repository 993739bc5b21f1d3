import { serve } from './page.ts';
import { openRaw } from './raw-subject.ts';

serve(openRaw);
