// A bare list of statements: what a documentation page shows. xsrun prints the variables it leaves.
// Try: xsrun run samples/snippets/encode_claims.xs --var secret=topsecret
security.jws_encode {
  headers = {"alg": "HS256"}
  claims = {"sub": 7}
  key = $secret
  signature_algorithm = "HS256"
  ttl = 0
} as $token
