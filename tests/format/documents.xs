workspace my-space {
  acceptance = { ai_terms: false }
  preferences = { internal_docs: false, track_performance: true, sql_names: false, sql_columns: true }
  env = {}
}
---   

// The job.
run.job "Do it" {
  main = { name: "do/it", input: { list: [ 1,2,3 ] } }
  env = ["a_key"]
}

---
query "pets/{id}" verb = GET {
  input { }
  stack { }
  response = null }
