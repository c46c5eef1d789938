"""Performance against what stands in docs/performance.md. A figure is a module in `figures` with a `measure`."""
