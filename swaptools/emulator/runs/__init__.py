"""What is said to a machine: the language, scripts, scenarios and their looks."""
