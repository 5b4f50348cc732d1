// Width converter: words of InLanes lanes to words of OutLanes lanes, any ratio, frame by frame.
//
// Behaviour   Lane i of a frame is lane i % InLanes of input word i / InLanes, and goes to lane
//             i % OutLanes of output word i / OutLanes. Where the last word of a frame of Frame
//             lanes is not full, the rest of it is ignored at the input and 0 at the output.
// Program     A step takes a word if the lanes at hand do not fill the next output word, and makes
//             one if they then do.
// Latency     The word that fills an output word at cycle t shows it at t + b: b = 2 from block
//             RAM, otherwise 1.
// Interval    1 for the side with more words, if Depth >= b + 1.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_width #(
  parameter int LaneW,
  parameter int InLanes,
  parameter int OutLanes,
  parameter int Frame,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic                      clk_i,
  input  logic                      rst_i,
  input  logic                      in_valid_i,
  output logic                      in_ready_o,
  input  logic [InLanes*LaneW-1:0]  in_data_i,
  output logic                      out_valid_o,
  input  logic                      out_ready_i,
  output logic [OutLanes*LaneW-1:0] out_data_o
);

  if (LaneW < 1 || InLanes < 1 || OutLanes < 1 || Frame < 1) begin : gen_bad_size
    $error("LaneW, InLanes, OutLanes and Frame must be at least 1");
  end

  localparam int InW  = InLanes * LaneW;
  localparam int OutW = OutLanes * LaneW;

  logic            take, make, space, fire;
  logic [OutW-1:0] word;

  // take and make are what the step does; only a step that makes a word needs room.
  assign in_ready_o = take && (!make || space);
  assign fire       = (!take || in_valid_i) && (!make || space);

  if (OutLanes % InLanes == 0 && Frame % OutLanes == 0) begin : gen_widen
    localparam int Ratio = OutLanes / InLanes;
    assign take = 1'b1;

    if (Ratio == 1) begin : gen_same
      assign make = 1'b1;
      assign word = in_data_i;
    end else begin : gen_collect
      localparam int CntW = $clog2(Ratio);
      logic [CntW-1:0]     count_q = '0;
      logic [OutW-InW-1:0] held_q;

      assign make = count_q == CntW'(Ratio - 1);
      assign word = {in_data_i, held_q};

      always_ff @(posedge clk_i) begin
        if (rst_i) count_q <= '0;
        else if (fire) count_q <= make ? '0 : count_q + CntW'(1);
      end
      always_ff @(posedge clk_i) begin
        if (fire) held_q <= word[OutW-1:InW];
      end
    end
  end else if (InLanes % OutLanes == 0 && Frame % InLanes == 0) begin : gen_narrow
    localparam int Ratio = InLanes / OutLanes;
    localparam int CntW  = $clog2(Ratio);
    logic [CntW-1:0]     count_q = '0;
    logic [InW-OutW-1:0] held_q;

    assign take = count_q == '0;
    assign make = 1'b1;
    assign word = take ? in_data_i[OutW-1:0] : held_q[OutW-1:0];

    always_ff @(posedge clk_i) begin
      if (rst_i) count_q <= '0;
      else if (fire) count_q <= count_q == CntW'(Ratio - 1) ? '0 : count_q + CntW'(1);
    end
    always_ff @(posedge clk_i) begin
      if (fire) held_q <= take ? in_data_i[InW-1:OutW] : held_q >> OutW;
    end
  end else begin : gen_any
    localparam int InWords  = (Frame + InLanes - 1) / InLanes;
    localparam int OutWords = (Frame + OutLanes - 1) / OutLanes;
    localparam int InLast   = Frame - (InWords - 1) * InLanes;
    localparam int OutLast  = Frame - (OutWords - 1) * OutLanes;
    localparam int AllLanes = InLanes + OutLanes - 1;  // at hand: at most
    localparam int AllW     = AllLanes * LaneW;
    localparam int NumW     = $clog2(AllLanes + 1);
    localparam int InCntW   = InWords > 1 ? $clog2(InWords) : 1;
    localparam int OutCntW  = OutWords > 1 ? $clog2(OutWords) : 1;

    logic [InCntW-1:0]  in_q = '0;   // word of the frame
    logic [OutCntW-1:0] out_q = '0;
    logic [NumW-1:0]    lanes_q = '0;  // lanes held
    logic [NumW-1:0]    lanes, needed;
    logic               in_last, out_last;
    logic [AllW-1:0]    held_q;  // 0 above the lanes held, once the first word of a frame is taken
    logic [AllW-1:0]    all;
    logic [InW-1:0]     fresh;

    assign in_last  = in_q == InCntW'(InWords - 1);
    assign out_last = out_q == OutCntW'(OutWords - 1);
    assign needed   = out_last ? NumW'(OutLast) : NumW'(OutLanes);
    assign take     = lanes_q < needed;
    assign lanes    = !take ? lanes_q :
                      lanes_q + (in_last ? NumW'(InLast) : NumW'(InLanes));
    assign make     = lanes >= needed;

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        in_q    <= '0;
        out_q   <= '0;
        lanes_q <= '0;
      end else if (fire) begin
        if (take) in_q <= in_last ? '0 : in_q + InCntW'(1);
        if (make) out_q <= out_last ? '0 : out_q + OutCntW'(1);
        lanes_q <= make ? lanes - needed : lanes;
      end
    end

    for (genvar l = 0; l < InLanes; l++) begin : gen_fresh
      localparam bit Beyond = l >= InLast;
      assign fresh[l*LaneW +: LaneW] = Beyond && in_last ? '0 : in_data_i[l*LaneW +: LaneW];
    end

    // The word taken goes behind the lanes held.
    always_comb begin
      all = lanes_q == '0 ? '0 : held_q;
      for (int n = 0; n < OutLanes; n++) begin
        if (take && lanes_q == NumW'(n)) all[n*LaneW +: InW] = fresh;
      end
    end
    assign word = all[OutW-1:0];

    always_ff @(posedge clk_i) begin
      if (fire) held_q <= make ? all >> OutW : all;
    end
  end

  nib_outq #(
    .Width  (OutW),
    .Depth  (Depth),
    .Lat    (0),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && make),
    .space_o(space),
    .push_i (fire && make),
    .data_i (word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_width
