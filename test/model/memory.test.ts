import { holdsToTheModel } from './hold.ts';
import { memoryStore } from './stores.ts';

holdsToTheModel('maps in memory', memoryStore);
