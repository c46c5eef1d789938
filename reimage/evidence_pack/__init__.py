"""The evidence pack of a reimage request: what the log proves of it, told for people. Reads; decides nothing."""
