api_group "Pet store" {
  canonical = "pets"
}
