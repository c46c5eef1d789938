"""Azure Resource Manager: the routes, each in the words of Microsoft's OpenAPI documents."""
