"""Reading beside the process: documents are read by workers that can be stopped, whatever is in them."""

import signal

OUT_OF_TIME = signal.SIGPROF
"""What ends a worker that computes for too long."""
