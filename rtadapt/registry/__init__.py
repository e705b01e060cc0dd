"""What is published, where it is kept and who may move it: heads, versions, routes, readiness and artifacts."""
