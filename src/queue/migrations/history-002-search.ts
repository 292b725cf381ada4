/**
 * history.db, second schema: what happened besides attempts and outcomes, and an index to search
 * by. The index is written at leisure: a row that is written is only noted in `unindexed`, by its
 * id. Its first column is the day of the id, so that writes stay within the pages of one day, and
 * an old day goes as a whole.
 */
export const sql = `
-- JSON, one entry a line, only appended to.
ALTER TABLE history ADD COLUMN events TEXT NOT NULL DEFAULT '';
-- The same, but the newest first and cut at the end.
ALTER TABLE history ADD COLUMN dialogues TEXT NOT NULL DEFAULT '';

-- term is a hash of what was found (log-terms.ts); whoever finds a message by it looks at the
-- message itself.
CREATE TABLE terms (
  day INTEGER NOT NULL,
  term INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (day, term, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unindexed (
  id INTEGER PRIMARY KEY
) STRICT;

INSERT INTO unindexed (id) SELECT id FROM history;
`;
