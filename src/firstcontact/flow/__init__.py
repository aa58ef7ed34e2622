"""IO. The shell, one module per arrow: receive, understand, look up, decide, carry out, review, replay."""
