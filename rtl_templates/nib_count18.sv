// How many of 18 bits are 1, in layers of LUTs with six inputs.
//
// Computes    count_o = number of ones of bits_i
// Latency     0: combinational.

module nib_count18 (
  input  logic [17:0] bits_i,
  output logic [4:0]  count_o
);

  // Ones of three bits, six times; then the ones of the six low bits and of the six high bits.
  logic [5:0] low, high;
  logic [2:0] ones, twos;

  for (genvar t = 0; t < 6; t++) begin : gen_three
    logic a, b, c;
    assign {a, b, c} = bits_i[3*t +: 3];
    assign low[t]    = a ^ b ^ c;
    assign high[t]   = (a & b) | (c & (a | b));
  end

  function automatic logic [2:0] ones_of(input logic [5:0] bits);
    ones_of = 3'(bits[0]) + 3'(bits[1]) + 3'(bits[2]) + 3'(bits[3]) + 3'(bits[4]) + 3'(bits[5]);
  endfunction
  assign ones = ones_of(low);
  assign twos = ones_of(high);

  assign count_o = {4'(ones[2:1]) + 4'(twos), ones[0]};

endmodule : nib_count18
