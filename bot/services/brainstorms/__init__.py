"""Many takes of one idea: what each of them asks for."""
