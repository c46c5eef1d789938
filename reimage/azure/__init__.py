"""The only room that speaks to Azure: HTTP in, domain objects out. Knows no people and no database."""
