-- When which alert fired: what flapping is judged by after a restart.
CREATE TABLE spells (
    labels TEXT NOT NULL,  -- Labels.key
    began  INTEGER NOT NULL,
    ended  INTEGER NOT NULL,
    posted INTEGER NOT NULL
);

CREATE INDEX spells_ended ON spells (ended);
