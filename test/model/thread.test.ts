import { holdsToTheModel } from './hold.ts';
import { threadStore } from './stores.ts';

holdsToTheModel('SQLite in its thread', threadStore);
