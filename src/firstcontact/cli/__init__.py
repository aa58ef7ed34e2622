"""IO. The command line: asks and renders, never decides."""
