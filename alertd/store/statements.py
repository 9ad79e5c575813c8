"""What each method of the store runs, for those who watch it: statements without their values."""

from alertd.store import queries

STATEMENTS = {
    "load": (queries.ALIVE_AT, queries.ALERTS, queries.TOLD, queries.SILENCES, queries.SPELLS),
    "record": (queries.DELETE_ALERT, queries.WRITE_ALERT, queries.WRITE_SPELL),
    "commit": (queries.ADD, queries.ADD_PAYLOADS, queries.SUPERSEDE, queries.OUTDATE_SINCE, queries.DELETE_ALERT),
    "silence": (queries.WRITE_SILENCE,),
    "claim": (queries.SUPERSEDE_EXPIRED, queries.RELEASE_EXPIRED, queries.CLAIM, queries.LEASE),
    "give_back": (queries.SUPERSEDE_GIVEN_BACK, queries.GIVE_BACK),
    "settle": (queries.SEND, queries.OUTDATE_BEFORE, queries.FIND, queries.SETTLE, queries.OUTDATE),
    "shift": (queries.SHIFT_WAITING, queries.SHIFT_LEASED),
    "due": (queries.DUE,),
    "counts": (queries.COUNTS,),
    "prune": (queries.PRUNE, queries.PRUNE_SILENCES, queries.PRUNE_SPELLS),
    "touch": (queries.TOUCH,),
    "remember": (queries.REMEMBER, queries.REMEMBER_ALERT),
    "recall": (queries.RECALL,),
    "seen": (queries.SEEN, queries.SEEN_BY_NAME),
    "forget": (queries.FORGET, queries.OLDEST, queries.FORGET_ALERTS),
}
