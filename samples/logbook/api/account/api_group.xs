api_group account {
  description = "Signing up and logging in."
  canonical = "account"
}
