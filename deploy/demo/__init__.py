"""The whole portal on one machine, beside a local Azure: the only place that knows both the product and the sandbox."""
