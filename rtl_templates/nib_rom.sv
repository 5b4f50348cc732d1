// Table in ROM with a registered output.
//
// Table       Word w is Table[w*Width +: Width] if Inline, else line w of the $readmemh file File.
// Style       0 as the tool sees fit, 1 LUTs, 2 block RAM.
// Latency     data_o shows the word of addr_i one cycle later.

module nib_rom #(
  parameter int Width,
  parameter int Words,
  parameter bit Inline = 1'b1,
  parameter File = "",
  parameter int Style = 0,
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

  if (Style < 0 || Style > 2) begin : gen_bad_style
    $error("Style must be 0, 1 or 2");
  end

  logic [Width-1:0] data_q;
  assign data_o = data_q;

  // The attribute is all that differs: it cannot be given by a parameter.
  if (Style == 1) begin : gen_lut
    // For Yosys, "distributed" is RAM in LUTs alone.
`ifdef YOSYS
    (* logic_block *)
`else
    (* rom_style = "distributed" *)
`endif
    logic [Width-1:0] words_q [0:Words-1];
    if (Inline) begin : gen_inline
      initial begin
        for (int w = 0; w < Words; w++) words_q[w] = Table[w*Width +: Width];
      end
    end else begin : gen_file
      initial $readmemh(File, words_q);
    end
    always_ff @(posedge clk_i) data_q <= words_q[addr_i];
  end else if (Style == 2) begin : gen_block
    (* rom_style = "block" *)
    logic [Width-1:0] words_q [0:Words-1];
    if (Inline) begin : gen_inline
      initial begin
        for (int w = 0; w < Words; w++) words_q[w] = Table[w*Width +: Width];
      end
    end else begin : gen_file
      initial $readmemh(File, words_q);
    end
    always_ff @(posedge clk_i) data_q <= words_q[addr_i];
  end else begin : gen_any
    logic [Width-1:0] words_q [0:Words-1];
    if (Inline) begin : gen_inline
      initial begin
        for (int w = 0; w < Words; w++) words_q[w] = Table[w*Width +: Width];
      end
    end else begin : gen_file
      initial $readmemh(File, words_q);
    end
    always_ff @(posedge clk_i) data_q <= words_q[addr_i];
  end

endmodule : nib_rom
