"""The judge's rules, one room for each kind of promise. Pure: evidence in, sentences out."""
