"""The page at `/debug/pprof/`: which profiles there are, and how to look at them."""

_ROWS = (
    ("profile?seconds=30", "what uses the processor, within the next 30 seconds"),
    ("profile?seconds=30&amp;format=speedscope", "the same, for www.speedscope.app"),
    ("profile?seconds=30&amp;format=folded", "the same as folded stacks, for flamegraph.pl"),
    ("heap?seconds=5", "what is allocated within the next 5 seconds and stays; everything is slower meanwhile"),
    ("heap?seconds=5&amp;format=speedscope", "the same, for www.speedscope.app"),
    ("goroutine", "threads and tasks, and where they are"),
    ("goroutine?debug=2", "the same, to read"),
    ("cmdline", "the command line"),
)
_STYLE = "body{font:15px/1.5 system-ui,sans-serif;margin:2em;max-width:60em}td{padding:.1em 1.5em .1em 0}"
_TABLE = "".join(f'<tr><td><a href="{path}">{path}</a></td><td>{what}</td></tr>' for path, what in _ROWS)

PAGE = (
    f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>alertd: profiles</title><style>{_STYLE}</style>'
    f"</head><body><h1>Profiles of alertd</h1><p>One is taken at a time. <code>go tool pprof</code> reads those without"
    f" a <code>format</code>.</p><table>{_TABLE}</table></body></html>\n"
)
