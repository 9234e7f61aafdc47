"""The tree of mathematics that people write: printing it, reading it, and making it from equations."""
