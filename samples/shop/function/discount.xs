// The price after a discount for large orders.
function "discount" {
  input {
    decimal price filters=min:0
    int count filters=min:1
  }

  stack {
    conditional {
      if ($input.count >= 100) {
        var $rate {
          value = 0.2
        }
      }

      elseif ($input.count >= 10) {
        var $rate {
          value = 0.1
        }
      }

      else {
        var $rate {
          value = 0
        }
      }
    }

    var $total {
      value = $input.price * $input.count * (1 - $rate)
    }
  }

  response = $total|round:2

  test "small orders pay the full price" {
    input = {price: 2.5, count: 4}

    expect.to_equal ($response) {
      value = 10
    }
  }

  test "ten and more get a tenth off" {
    input = {price: 2, count: 10}

    expect.to_equal ($response) {
      value = 18
    }
  }

  test "a count of zero is refused" {
    input = {price: 2, count: 0}

    expect.to_throw {
      exception = "minimum value"
    }
  }
}
