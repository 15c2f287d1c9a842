workflow_test account {
  stack {
    api.call signup verb=POST {
      api_group = "account"
      input = {
        name    : "Ann"
        email   : "Ann@example.com"
        password: "three hulls"
      }
    } as $signup

    expect.to_be_defined ($signup.authToken)

    api.call login verb=POST {
      api_group = "account"
      input = {email: "ann@example.com", password: "three hulls"}
    } as $login

    expect.to_be_defined ($login.authToken)

    expect.to_throw {
      stack {
        api.call login verb=POST {
          api_group = "account"
          input = {email: "ann@example.com", password: "two hulls"}
        }
      }

      exception = "password is wrong"
    }
  }
}
