"""The local stack: the whole product on one machine, made from template.yaml alone."""
