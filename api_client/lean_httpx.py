"""httpx without its command line, which brings Pygments, click and rich: half of the memory and time of its import.

Where click is installed (a server of ours has it), httpx imports that module with everything else; where it cannot be
imported, httpx does without. So it cannot, for as long as httpx is imported here.
"""

import sys

if "httpx" in sys.modules:
    import httpx as httpx
else:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # so Python documents it
    import httpx as httpx

    del sys.modules["httpx._main"]
