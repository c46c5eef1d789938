"""How it runs: the demo on one machine, and what a real installation needs. The product never imports it."""
