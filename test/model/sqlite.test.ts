import { holdsToTheModel } from './hold.ts';
import { sqliteStore } from './stores.ts';

holdsToTheModel('SQLite', sqliteStore);
