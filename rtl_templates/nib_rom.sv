// Table in ROM with a registered output: LUTs or block RAM, as the tool sees fit.
//
// Table       Word w is Table[w*Width +: Width] if Inline, else line w of the $readmemh file File.
// Latency     data_o shows the word of addr_i one cycle later.

module nib_rom #(
  parameter int Width,
  parameter int Words,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int TableW = Inline ? Width * Words : 1,
  localparam int AdrW   = Words > 1 ? $clog2(Words) : 1,
  parameter logic [TableW-1:0] Table = '0
) (
  input  logic             clk_i,
  input  logic [AdrW-1:0]  addr_i,
  output logic [Width-1:0] data_o
);

  if (Width < 1 || Words < 1) begin : gen_bad_size
    $error("Width and Words must be at least 1");
  end

  logic [Width-1:0] words_q [0:Words-1];
  logic [Width-1:0] data_q;

  if (Inline) begin : gen_inline
    initial begin
      for (int w = 0; w < Words; w++) words_q[w] = Table[w*Width +: Width];
    end
  end else begin : gen_file
    initial $readmemh(File, words_q);
  end

  always_ff @(posedge clk_i) data_q <= words_q[addr_i];
  assign data_o = data_q;

endmodule : nib_rom
