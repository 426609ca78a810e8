/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers that the 82571, 82574, 82576 and I210 have in common: 82574 data sheet, chapter 10; 82576 data sheet, chapter 8. The newer
 * ones have their queue registers elsewhere and keep these as second addresses of queue 0.
 */
#ifndef IC_DEV_INTEL_REGS_H
#define IC_DEV_INTEL_REGS_H

#define NIC_CTRL 0x00000
#define NIC_CTRL_FD 0x00000001u
#define NIC_CTRL_MASTER_DISABLE 0x00000004u
#define NIC_CTRL_LRST 0x00000008u
#define NIC_CTRL_ASDE 0x00000020u
#define NIC_CTRL_SLU 0x00000040u
#define NIC_CTRL_ILOS 0x00000080u
#define NIC_CTRL_SPEED 0x00000300u
#define NIC_CTRL_SPEED_1000 0x00000200u
#define NIC_CTRL_FRCSPD 0x00000800u
#define NIC_CTRL_FRCDPX 0x00001000u
#define NIC_CTRL_RST 0x04000000u
#define NIC_CTRL_RFCE 0x08000000u
#define NIC_CTRL_TFCE 0x10000000u
#define NIC_CTRL_VME 0x40000000u
#define NIC_CTRL_PHY_RST 0x80000000u
#define NIC_STATUS 0x00008
#define NIC_STATUS_LU 0x00000002u
#define NIC_STATUS_LAN_ID 2 /* two bits from this one on */
#define NIC_STATUS_MASTER 0x00080000u
#define NIC_EECD 0x00010
#define NIC_EECD_AUTO_RD 0x00000200u
#define NIC_CTRL_EXT 0x00018
#define NIC_CTRL_EXT_LINK_MODE 0x00c00000u
#define NIC_CTRL_EXT_DRV_LOAD 0x10000000u
#define NIC_MDIC 0x00020
#define NIC_MDIC_REG 16
#define NIC_MDIC_PHY_1 0x00200000u /* the internal PHY's address */
#define NIC_MDIC_WRITE 0x04000000u
#define NIC_MDIC_READ 0x08000000u
#define NIC_MDIC_READY 0x10000000u
#define NIC_MDIC_ERROR 0x40000000u
#define NIC_FCAL 0x00028
#define NIC_FCAH 0x0002c
#define NIC_FCT 0x00030
#define NIC_ICR 0x000c0
#define NIC_IMC 0x000d8
#define NIC_RCTL 0x00100
#define NIC_RCTL_EN 0x00000002u
#define NIC_RCTL_LPE 0x00000020u
#define NIC_RCTL_LBM_MAC 0x00000040u
#define NIC_RCTL_SECRC 0x04000000u
#define NIC_FCTTV 0x00170
#define NIC_TCTL 0x00400
#define NIC_TCTL_EN 0x00000002u
#define NIC_TCTL_PSP 0x00000008u
#define NIC_TCTL_CT 0x00000ff0u
#define NIC_TCTL_CT_15 0x000000f0u
#define NIC_TCTL_COLD 0x003ff000u
#define NIC_TCTL_COLD_63 0x0003f000u
#define NIC_EXTCNF_CTRL 0x00f00
#define NIC_EXTCNF_MDIO_SW 0x00000020u
#define NIC_FCRTL 0x02160
#define NIC_FCRTH 0x02168
#define NIC_RDBAL 0x02800
#define NIC_RDBAH 0x02804
#define NIC_RDLEN 0x02808
#define NIC_SRRCTL 0x0280c /* 82576 and later */
#define NIC_RDH 0x02810
#define NIC_RDT 0x02818
#define NIC_RXDCTL 0x02828
#define NIC_TDBAL 0x03800
#define NIC_TDBAH 0x03804
#define NIC_TDLEN 0x03808
#define NIC_TDH 0x03810
#define NIC_TDT 0x03818
#define NIC_TXDCTL 0x03828
#define NIC_QUEUE_ENABLE 0x02000000u
#define NIC_RXCSUM 0x05000
#define NIC_RFCTL 0x05008
#define NIC_MTA 0x05200
#define NIC_MTA_WORDS 128u
#define NIC_RAL 0x05400
#define NIC_RAH 0x05404
#define NIC_RAH_VALID 0x80000000u
#define NIC_RARS 15u /* of 82574 and 82571 without what firmware may use; the 82576 has 24, the rest elsewhere */
#define NIC_MRQC 0x05818
#define NIC_GCR 0x05b00
#define NIC_SWSM 0x05b50
#define NIC_SWSM_SMBI 0x00000001u
#define NIC_SWSM_SWESMBI 0x00000002u
#define NIC_SW_FW_SYNC 0x05b5c
#define NIC_GCR2 0x05b64
#define NIC_EIMC 0x01528

#endif
