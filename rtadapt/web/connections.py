"""How long a connection that nobody uses is kept open, on either side.

Whoever closes first loses nothing; where both do in the same moment, the caller's next request fails. So a server keeps it for
longer than callers do, and a caller for less than servers do.
"""

SERVER_KEEPS_SECONDS = 75
"""Longer than callers and load balancers keep theirs: 60 s is common, and 5 s, which is uvicorn's, too."""
CALLER_KEEPS_SECONDS = 2.0
"""Less than a server of which nothing is known: some keep 5 s."""
