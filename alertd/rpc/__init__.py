"""The gRPC face: health, the alerts, and a stream of what changes; served only where `grpc` is configured.

May not decide anything; it reads the board and hears of events, and never sees the web, a notifier or the store.
`server` and `client` need the extra `grpc`, so nobody imports them before it is needed.
"""
